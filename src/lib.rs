//! libucwa
