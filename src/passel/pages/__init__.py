"""The drawing kit of pages: text, SVG, the frame and its style."""
