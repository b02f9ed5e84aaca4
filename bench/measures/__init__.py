"""One file per measure; each has `measure(stage) -> Result`."""
