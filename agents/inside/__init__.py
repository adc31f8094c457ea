"""Seeing inside an answer: why it was said, its steps as a drawing, played again offline."""
