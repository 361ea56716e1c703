"""report.md: one module a section, in the order in which somebody who has to decide reads them."""
