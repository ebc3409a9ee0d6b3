"""From tokens to text: detokenising as tokens come, and the texts that end an answer."""
