//! Bytes on disk: files that are there whole or not at all, arrays with checksums, vectors, and the folder
//! of the embedding cache.

pub mod arrays;
pub mod cache_folder;
pub mod files;
pub mod rows;
pub mod vector_file;
