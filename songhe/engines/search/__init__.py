"""Finding things by words: hanzi, pinyin and its initials, and blind marks of sealed numbers."""
