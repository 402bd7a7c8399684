"""Scores of transcripts and translations; free of torch and fairseq."""
