"""The mathematics and the tables that decoding methods share."""
