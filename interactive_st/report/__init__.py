"""Self-contained HTML pages of runs and of systems side by side; free of torch and fairseq."""
