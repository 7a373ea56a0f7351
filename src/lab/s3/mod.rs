//! An object store that speaks S3's REST API, written from its documentation: buckets by path, `GET`, `PUT`, `HEAD`,
//! `DELETE`, `ListObjectsV2`, conditional requests, Signature Version 4, errors as XML. Any bucket exists. What it gets wrong
//! on purpose is injected.

mod answer;
mod objects;
mod serve;
mod sign;

pub use objects::Objects;
pub use serve::serve;

/// The access key of the lab's store.
pub const ACCESS_KEY: &str = "LABSTOREACCESSKEY";
/// The region that requests are signed for.
pub const REGION: &str = "us-east-1";
