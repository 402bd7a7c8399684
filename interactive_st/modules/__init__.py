"""Neural building blocks; they know nothing of files, tasks or search.

The method: `interactive_attention`, `fusion`, `wait_k`, `visibility`. What only makes layers faster: `fast`.
"""
