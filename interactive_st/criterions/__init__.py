"""fairseq criteria; importing the package registers them."""
