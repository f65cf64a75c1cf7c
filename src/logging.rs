//! The library's log. Every line of its own is made by these macros, which are those of `log` but for what they do to the
//! text: [`Line`](crate::shown::Line) takes secrets out, writes control characters out and bounds the length.

macro_rules! line {
    ($level:ident, $($text:tt)+) => {
        ::log::log!(::log::Level::$level, "{}", $crate::shown::Line(format_args!($($text)+)))
    };
}

macro_rules! error {
    ($($text:tt)+) => { $crate::logging::line!(Error, $($text)+) };
}

macro_rules! warning {
    ($($text:tt)+) => { $crate::logging::line!(Warn, $($text)+) };
}

macro_rules! info {
    ($($text:tt)+) => { $crate::logging::line!(Info, $($text)+) };
}

macro_rules! debug {
    ($($text:tt)+) => { $crate::logging::line!(Debug, $($text)+) };
}

pub(crate) use {debug, error, info, line, warning as warn};
