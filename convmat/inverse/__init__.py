"""What undoes a convolution: filters, pseudo-inverses, and what each costs."""
