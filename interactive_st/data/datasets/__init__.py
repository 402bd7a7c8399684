"""What training and decoding read: fairseq's speech-to-text datasets, with a second text."""
