"""How long each class of data is kept, what holds it longer, how it is destroyed and proven."""
