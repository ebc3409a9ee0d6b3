"""What methods share: mostly pure functions, each tested by itself."""
