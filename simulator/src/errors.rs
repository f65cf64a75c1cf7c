//! The bodies of failures: UCWA's own, and the pages of IIS and of proxies.

use crate::http::Answer;

/// The error code that belongs to a status.
pub(crate) fn code(status: u16) -> &'static str {
    match status {
        400 => "BadRequest",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        406 => "NotAcceptable",
        408 => "Timeout",
        409 => "Conflict",
        410 => "Gone",
        412 => "PreconditionFailed",
        413 => "EntityTooLarge",
        415 => "UnsupportedMediaType",
        428 => "PreconditionRequired",
        429 => "TooManyRequests",
        502 => "ExchangeServiceFailure",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        _ => "ServiceFailure",
    }
}

/// The answer a status usually has, for faults that name no body.
pub(crate) fn usual(status: u16) -> Answer {
    let (subcode, message) = match status {
        400 => (Some("ParameterValidationFailure"), "A parameter value is not valid."),
        401 => return unauthorized_page(),
        404 => (Some("ResourceNotFound"), "The resource does not exist."),
        405 => (None, "The requested HTTP method is not supported for this resource."),
        408 | 504 => (Some("ServiceTimeout"), "The server took too long to answer."),
        409 => (Some("AlreadyExists"), "The requested resource already exists."),
        410 => (Some("InactiveApplicationExpired"), "An inactive application expired."),
        412 => (None, "An If-Match precondition was not met."),
        428 => (None, "The operation requires an If-Match precondition."),
        429 => (None, "There are too many requests under way."),
        503 => (None, "The service is unavailable."),
        200..=399 => return Answer::new(status),
        500.. => (None, "An internal error occurred."),
        _ => (None, "The request was refused."),
    };
    Answer::error(status, subcode, message)
}

pub(crate) fn application_not_found() -> Answer {
    Answer::error(404, Some("ApplicationNotFound"), "The application resource does not exist.")
}

pub(crate) fn application_expired() -> Answer {
    Answer::error(410, Some("InactiveApplicationExpired"), "An inactive application expired.")
}

pub(crate) fn resource_not_found() -> Answer {
    Answer::error(404, Some("ResourceNotFound"), "The resource does not exist.")
}

/// A parameter that is missing or unusable.
pub(crate) fn invalid_parameter(name: &str, reason: &str) -> Answer {
    let body = serde_json::json!({
        "code": code(400),
        "subcode": "ParameterValidationFailure",
        "message": "A parameter value is not valid.",
        "parameters": [{"name": name, "reason": reason}],
    });
    Answer::json(400, &body)
}

/// What IIS says to a request without credentials.
pub(crate) fn unauthorized_page() -> Answer {
    iis_page(
        401,
        "Unauthorized: Access is denied due to invalid credentials.",
        "You do not have permission to view this directory or page using the credentials that you supplied.",
    )
}

/// One of the error pages of IIS.
pub(crate) fn iis_page(status: u16, heading: &str, text: &str) -> Answer {
    Answer::html(
        status,
        format!(
            r#"<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>
<title>{status} - {heading}</title>
<style type="text/css">
<!--
body{{margin:0;font-size:.7em;font-family:Verdana, Arial, Helvetica, sans-serif;background:#EEEEEE;}}
fieldset{{padding:0 15px 10px 15px;}}
h1{{font-size:2.4em;margin:0;color:#FFF;}}
h2{{font-size:1.7em;margin:0;color:#CC0000;}}
h3{{font-size:1.2em;margin:10px 0 0 0;color:#000000;}}
#header{{width:96%;margin:0 0 0 0;padding:6px 2% 6px 2%;color:#FFF;background-color:#555555;}}
#content{{margin:0 0 0 2%;position:relative;}}
.content-container{{background:#FFF;width:96%;margin-top:8px;padding:10px;position:relative;}}
-->
</style>
</head>
<body>
<div id="header"><h1>Server Error</h1></div>
<div id="content">
 <div class="content-container"><fieldset>
  <h2>{status} - {heading}</h2>
  <h3>{text}</h3>
 </fieldset></div>
</div>
</body>
</html>
"#
        ),
    )
}

/// What a proxy between client and server answers.
pub(crate) fn proxy_page(status: u16) -> Answer {
    let page = format!(
        "<html>\r\n<head><title>{status} Error</title></head>\r\n<body>\r\n<center><h1>{status} Error</h1></center>\r\n\
         <hr><center>proxy.contoso.com</center>\r\n</body>\r\n</html>\r\n"
    );
    Answer::html(status, page).header("Server", "proxy").header("Via", "1.1 proxy.contoso.com")
}
