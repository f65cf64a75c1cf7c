//! Photos: a square of one colour per person, made on the spot.

use std::time::Duration;

use super::{Context, tagged};
use crate::errors;
use crate::http::Answer;
use crate::routes::Kind;
use crate::state::{State, hash};

/// The sizes there are; others get the next smaller one.
const SIZES: [u16; 9] = [48, 64, 96, 120, 240, 360, 432, 504, 648];
/// How long a photo is good for.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// The photo of a person, in the size asked for.
pub(crate) fn answer(state: &State, context: &Context<'_>) -> Answer {
    let Some(person) = state.directory().person(context.argument).filter(|person| person.photo) else {
        return errors::resource_not_found();
    };
    if context.kind == Kind::ContactPhoto && !state.settings.switches.photos {
        return Answer::error(403, None, "The administrator does not let people see each other's photos.");
    }
    let size = match context.request.query("size").map(|size| parse_size(&size)) {
        None => SIZES[0],
        Some(Some(size)) => size,
        Some(None) => return errors::invalid_parameter("size", "A size such as HR48X48 is needed."),
    };
    let colour = hash(&[&person.uri().to_lowercase(), "photo"]);
    let etag = format!("{colour:08x}{size:04x}");
    let answer = tagged(context.request, &etag, || {
        let body = jpeg(size, [(colour >> 16) as u8, (colour >> 8) as u8, colour as u8]);
        Answer { body, ..Answer::new(200) }.header("Content-Type", "image/jpeg")
    });
    answer.header("Cache-Control", "private").header("Expires", state.clock.http_date(FRESH))
}

/// `HR48X48`, always a square.
fn parse_size(text: &str) -> Option<u16> {
    let upper = text.to_ascii_uppercase();
    let (width, height) = upper.strip_prefix("HR")?.split_once('X')?;
    let wanted = width.parse::<u16>().ok().filter(|size| width == height && *size > 0)?;
    Some(SIZES.into_iter().rev().find(|size| *size <= wanted).unwrap_or(SIZES[0]))
}

/// A baseline JPEG of one colour, given as luminance and two chrominances.
fn jpeg(size: u16, colour: [u8; 3]) -> Vec<u8> {
    let [high, low] = size.to_be_bytes();
    let mut file = vec![0xFF, 0xD8];
    // One quantisation table; its first 8 makes a difference of levels the coefficient itself.
    segment(&mut file, 0xDB, &[&[0], &[8; 64]]);
    segment(&mut file, 0xC0, &[&[8, high, low, high, low, 3], &[1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]]);
    // Mean values: the nine magnitudes, each in four bits. The rest: only "end of block", in one bit.
    segment(&mut file, 0xC4, &[&[0x00], &[0, 0, 0, 9], &[0; 12], &[0, 1, 2, 3, 4, 5, 6, 7, 8]]);
    segment(&mut file, 0xC4, &[&[0x10], &[1], &[0; 15], &[0]]);
    segment(&mut file, 0xDA, &[&[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]]);

    let mut bits = Bits::default();
    let blocks = usize::from(size).div_ceil(8).pow(2);
    for block in 0..blocks {
        for level in colour {
            // Only the first block differs from its predecessor.
            let difference = if block == 0 { i32::from(level) - 128 } else { 0 };
            let magnitude = 32 - difference.unsigned_abs().leading_zeros();
            bits.push(magnitude, 4);
            let value = if difference < 0 { difference + (1 << magnitude) - 1 } else { difference };
            bits.push(value.unsigned_abs(), magnitude);
            bits.push(0, 1);
        }
    }
    file.extend(bits.finish());
    file.extend([0xFF, 0xD9]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    file.extend([0xFF, marker, (length >> 8) as u8, length as u8]);
    parts.iter().for_each(|part| file.extend_from_slice(part));
}

/// Entropy-coded data: bits from the top, a zero after every byte of ones.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        self.pending = (self.pending << count) | value;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.pending >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(0x7F, 7);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_squares_within_reason() {
        assert_eq!(parse_size("HR48X48"), Some(48));
        assert_eq!((parse_size("hr96x96"), parse_size("HR100X100"), parse_size("HR9999X9999")), (Some(96), Some(96), Some(648)));
        for wrong in ["48", "HR48X49", "HR0X0", "HR99999X99999", "HRX", ""] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_photo_has_the_markers_of_a_jpeg() {
        let file = jpeg(48, [200, 90, 128]);
        assert!(file.starts_with(&[0xFF, 0xD8, 0xFF, 0xDB]) && file.ends_with(&[0xFF, 0xD9]));
        assert!(file.len() < 500);
    }
}
