//! Resources that are changed as a whole: the property to pass back, and the tag that the client has to know.

use uuid::{Builder, Uuid};

use super::Context;
use super::input::Input;
use super::resource::Resource;
use crate::errors;
use crate::http::Answer;
use crate::state::hash;

const PLEASE: &str = "please pass this in a PUT request";

/// Adds the property that has to be passed back. Its name is another one for each application and resource.
pub(crate) fn ask_back(resource: Resource, context: &Context<'_>, href: &str) -> Resource {
    resource.property(&name(context.echo, href), PLEASE)
}

fn name(application: Uuid, href: &str) -> String {
    let mut bytes = *application.as_bytes();
    for (number, quarter) in bytes.chunks_exact_mut(4).enumerate() {
        let sum = hash(&[href, &number.to_string()]).to_be_bytes();
        quarter.iter_mut().zip(sum).for_each(|(byte, sum)| *byte ^= sum);
    }
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// What to change the resource of this address and tag to, if the client knows it as it is.
pub(crate) fn changes<'a>(context: &Context<'a>, href: &str, etag: &str) -> Result<Input<'a>, Answer> {
    match context.request.header("if-match") {
        None => return Err(errors::usual(428)),
        Some(tags) if !lists(tags, etag) => return Err(errors::usual(412)),
        Some(_) => {}
    }
    let input = Input::of(context.request)?;
    let name = name(context.echo, href);
    if input.value(&name).is_some_and(|value| value == PLEASE) {
        Ok(input)
    } else {
        Err(errors::invalid_parameter(&name, "The property has to be passed back as it was."))
    }
}

/// Whether a list of tags, quoted or not, holds this one.
pub(crate) fn lists(tags: &str, etag: &str) -> bool {
    tags.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"')).any(|tag| tag == etag || tag == "*")
}
