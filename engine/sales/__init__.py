"""What is sold, to whom, on which stage, and who promised what."""
