"""Neural building blocks; they know nothing of files, tasks or search."""
