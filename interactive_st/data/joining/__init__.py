"""`interactive-st join`: data folders on features that fairseq's recipes have computed."""
