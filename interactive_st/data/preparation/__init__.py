"""`interactive-st prepare`: from tables of recordings to a data folder."""
