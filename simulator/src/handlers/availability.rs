//! Making the user available by an application, and telling that the user is still there.

use std::time::Duration;

use serde_json::{Value, json};

use super::input::Input;
use super::{Context, me};
use crate::errors;
use crate::http::Answer;
use crate::state::State;

const MODALITIES: [&str; 7] = ["Audio", "Video", "PhoneAudio", "ApplicationSharing", "Messaging", "DataCollaboration", "PanoramicVideo"];
const TEXT_LIMIT: usize = 256;

pub(crate) fn make_me_available(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let input = Input::of(context.request)?;
    let presence = input.choice("signInAs", &me::AVAILABILITIES)?.unwrap_or("Online");
    let modalities = input.choices("supportedModalities", &MODALITIES)?;
    input.choices("supportedMessageFormats", &["Plain", "Html"])?;
    input.choice("audioPreference", &["PhoneAudio", "VoipAudio"])?;
    input.text("phoneNumber", TEXT_LIMIT)?;
    let timeout = time_span(&input, "inactiveTimeout")?;
    time_span(&input, "voipFallbackToPhoneAudioTimeOut")?;
    if modalities.iter().any(|name| !["Messaging", "PhoneAudio"].contains(name)) {
        return Err(Answer::error(403, None, "Applications may use no modalities but Messaging and PhoneAudio."));
    }
    let modalities = modalities.into_iter().map(Into::into).collect();
    if !state.make_available(context.application, modalities, timeout, me::presence_as(presence)) {
        return Err(errors::usual(409));
    }
    // The second revision tells what went wrong where not all went well.
    Ok(if context.revised { Answer::json(201, &json!({"operations": []})) } else { Answer::no_content() })
}

pub(crate) fn report_my_activity(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    me::is_available(state, context)?;
    state.report_activity(context.application);
    Ok(Answer::no_content())
}

fn time_span(input: &Input<'_>, name: &str) -> Result<Option<Duration>, Answer> {
    let Some(value) = input.value(name) else {
        return Ok(None);
    };
    let seconds = match &value {
        Value::Number(minutes) => minutes.as_f64().map(|minutes| minutes * 60.0),
        Value::String(text) => seconds_of(text.trim()),
        _ => None,
    };
    let span = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).filter(|span| !span.is_zero());
    span.map(Some).ok_or_else(|| errors::invalid_parameter(name, "A time span is needed: 00:05:00, PT5M, or minutes."))
}

/// `00:05:00`, `1.00:00:00`, `PT5M`, `5`.
fn seconds_of(text: &str) -> Option<f64> {
    if let Some(mut rest) = text.strip_prefix('P') {
        let mut sum = 0.0;
        while !rest.is_empty() {
            rest = rest.strip_prefix('T').unwrap_or(rest);
            let (number, after) = rest.split_at(rest.find(char::is_alphabetic)?);
            let unit = after.chars().next()?;
            let seconds = match unit {
                'D' => 86_400.0,
                'H' => 3_600.0,
                'M' => 60.0,
                'S' => 1.0,
                _ => return None,
            };
            sum += number.parse::<f64>().ok()? * seconds;
            rest = &after[1..];
        }
        return Some(sum);
    }
    let Some((hours, rest)) = text.split_once(':') else {
        return text.parse::<f64>().ok().map(|minutes| minutes * 60.0);
    };
    let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
    let (minutes, seconds) = rest.split_once(':').unwrap_or((rest, "0"));
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| *number >= 0.0);
    Some(((number(days)? * 24.0 + number(hours)?) * 60.0 + number(minutes)?) * 60.0 + number(seconds)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_in_all_their_forms() {
        for (text, seconds) in
            [("00:05:00", 300.0), ("00:10", 600.0), ("1.00:00:01", 86_401.0), ("PT5M", 300.0), ("P1DT1.5S", 86_401.5), ("5", 300.0)]
        {
            assert_eq!(seconds_of(text), Some(seconds), "{text}");
        }
        for wrong in ["", "x", "PT", "P5", "PTxM", "1:-1", "a:b"] {
            assert!(seconds_of(wrong).is_none_or(|seconds| seconds == 0.0), "{wrong}");
        }
    }
}
