"""Large models' files: fetched, checked, converted, found."""
