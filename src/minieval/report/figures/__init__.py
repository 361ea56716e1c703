"""The figures, as SVG text: the forest plot of the slices and the latency distributions."""
