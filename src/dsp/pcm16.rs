//! 16-bit PCM as libsndfile writes and reads it.
