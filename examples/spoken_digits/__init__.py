"""Spoken digits: real human speech, two digits at a time, read in English and in German."""
