"""fairseq tasks; importing the package registers them."""
