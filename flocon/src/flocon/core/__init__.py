"""What every other package may use: errors, answers, small things."""
