"""What is trained, one stage after another, and what the stages share."""
