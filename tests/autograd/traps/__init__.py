"""What recorded functions read around themselves, by kinds of places; see trapping.py."""
