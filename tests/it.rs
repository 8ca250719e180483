//! The one integration binary: real envr, real shells, real direnv.
