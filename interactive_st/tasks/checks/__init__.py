"""What the task refuses, and why, before fairseq fails obscurely or gives wrong scores."""
