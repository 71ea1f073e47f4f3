"""The same matrices without their entries: products by the cheapest exact way."""
