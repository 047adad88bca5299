"""What a picture shows and how it is told: scenes, their captions, their words, the packed drawings."""
