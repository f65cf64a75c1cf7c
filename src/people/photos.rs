//! Photos: the bytes as the server has them, kept by their etag, so that an unchanged one is not sent twice.

use crate::application::Access;
use crate::error::{Error, Result};
use crate::resource::{answer, navigation::with_query};
use crate::transport::Request;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// How many bytes of photos are kept, and of what belongs to them.
const MOST_KEPT: usize = 4 << 20;
/// What a photo takes beside its bytes, about.
const BESIDE: usize = 512;

/// A photo.
#[derive(Clone, Debug)]
pub struct Photo {
    /// The picture, in the form that `media_type` names.
    pub data: Vec<u8>,
    /// Such as `image/jpeg`.
    pub media_type: String,
}

/// Photos that were read before, the latest first.
#[derive(Default)]
pub(crate) struct Album {
    kept: Mutex<VecDeque<Kept>>,
}

#[derive(Clone)]
struct Kept {
    url: Url,
    etag: String,
    photo: Arc<Photo>,
}

impl Album {
    /// Reads the photo at an address; `size` is such as `HR96X96`, or the server's choice.
    pub fn read(&self, access: &Access<'_>, url: Url, size: Option<&str>) -> Result<Photo> {
        let url = match size {
            Some(size) => with_query(url, &[("size".to_owned(), size.to_owned())]),
            None => url,
        };
        let kept = self.kept().iter().find(|kept| kept.url == url).cloned();
        let mut request = Request::get(url.clone()).with("accept", "image/*");
        if let Some(kept) = &kept {
            request = request.with("if-none-match", kept.etag.clone());
        }
        let answer = access.send(request.clone())?;
        if answer.status == 304 {
            let unasked = || {
                answer::with_answer(
                    Error::protocol("the server answers \"not modified\" to a photo that was never read"),
                    &request,
                    &answer,
                )
            };
            return kept.map(|kept| Photo::clone(&kept.photo)).ok_or_else(unasked);
        }
        let media_type = answer.header("content-type").unwrap_or("application/octet-stream").to_owned();
        if media_type.to_ascii_lowercase().starts_with("text/") || answer.body.is_empty() {
            return Err(answer::foreign(&request, &answer));
        }
        let photo = Photo { data: answer.body.to_vec(), media_type };
        if let Some(etag) = answer.header("etag") {
            self.keep(Kept { url, etag: etag.to_owned(), photo: Arc::new(photo.clone()) });
        }
        Ok(photo)
    }

    fn keep(&self, fresh: Kept) {
        let mut kept = self.kept();
        kept.retain(|old| old.url != fresh.url);
        kept.push_front(fresh);
        let mut size = 0;
        kept.retain(|kept| {
            size += kept.photo.data.len() + BESIDE;
            size <= MOST_KEPT
        });
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks what a caller gave as a size.
pub(crate) fn check_size(size: &str) -> Result<()> {
    let pixels = size.strip_prefix("HR").and_then(|rest| rest.split_once('X'));
    let number = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match pixels {
        Some((width, height)) if number(width) && number(height) => Ok(()),
        _ => Err(Error::argument(format!("\"{}\" is no size of a photo; one is written HR96X96", crate::error::excerpt_of_argument(size)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn album_of(photos: usize, size: usize) -> Album {
        let album = Album::default();
        for number in 0..photos {
            let url = Url::parse(&format!("https://pool.contoso.com/photos/{number}")).unwrap();
            let photo = Photo { data: vec![7; size], media_type: "image/jpeg".into() };
            album.keep(Kept { url, etag: "1".into(), photo: Arc::new(photo) });
        }
        album
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_latest() {
        let album = album_of(100, 100_000);
        assert_eq!(album.kept().len(), MOST_KEPT / (100_000 + BESIDE));
        assert!(album.kept()[0].url.path().ends_with("/99"));
        assert!(album_of(10_000, 0).kept().len() <= MOST_KEPT / BESIDE);
        assert!(album_of(2, MOST_KEPT).kept().is_empty(), "one that is larger than all is not kept");
    }

    #[test]
    fn a_photo_is_kept_once() {
        let album = album_of(1, 10);
        let again = album.kept()[0].clone();
        album.keep(Kept { etag: "2".into(), ..again });
        let kept = album.kept();
        assert_eq!((kept.len(), kept[0].etag.as_str()), (1, "2"));
    }
}
