"""fairseq models and architectures; importing the package registers them."""
