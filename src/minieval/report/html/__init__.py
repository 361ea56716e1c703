"""report.html: one file that opens from disk, makes no request and needs no script."""
