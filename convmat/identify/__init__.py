"""What was done to this picture: the filter between two pictures, with the evidence for it."""
