"""Life cycles as tables; history, permissions and audit follow from them."""
