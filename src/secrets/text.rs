//! Numbers and truth values as Go writes and reads them, which is what a sops file's MAC is made of.

/// The shortest decimal, never with an exponent.
pub fn float_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_string()
    } else if number.is_infinite() {
        if number > 0.0 { "+Inf" } else { "-Inf" }.to_string()
    } else {
        number.to_string()
    }
}

/// With an exponent where it is below `least` or `most` and above, of two digits at least.
pub fn float_with_exponent(number: f64, least: i32, most: i32) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return float_text(number) };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number == 0.0 || (least..most).contains(&exponent) {
        return float_text(number);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

pub fn parse_float(text: &str) -> Option<f64> {
    let is_number = text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text.trim_start_matches(['+', '-']).to_ascii_lowercase().as_str() {
        "inf" | "infinity" | "nan" => text.parse().ok(),
        // Beyond the largest number is an error, not infinity.
        _ if is_number => text.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

pub fn parse_int(text: &str) -> Option<i64> {
    text.parse().ok()
}

pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Whether a number is spelled as everybody reads it: no base, no `_`, no zero that means octal.
pub fn is_plain_decimal(spelling: &str) -> bool {
    let digits = spelling.strip_prefix(['-', '+']).unwrap_or(spelling);
    let is_octal = digits.len() > 1
        && digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    !is_octal
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_go_writes_them() {
        for (number, text) in [
            (1.0, "1"),
            (1e21, "1000000000000000000000"),
            (1e-10, "0.0000000001"),
            (-0.0, "-0"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
            (6.981_275_489_638_062e-8, "0.00000006981275489638062"),
        ] {
            assert_eq!(float_text(number), text);
        }
        for (number, text) in [(1e6, "1e+06"), (100_000.0, "100000"), (1e-5, "1e-05"), (0.0, "0")] {
            assert_eq!(float_with_exponent(number, -4, 6), text);
        }
    }

    #[test]
    fn numbers_that_are_none() {
        for text in ["", "x", "1e400", "0x10", "1_0", " 1", "e", "."] {
            assert_eq!(parse_float(text), None, "{text}");
        }
        assert_eq!(parse_int("9223372036854775808"), None);
    }

    #[test]
    fn plain_decimals() {
        for text in ["0", "-1", "1.50", "1e6", "8080"] {
            assert!(is_plain_decimal(text), "{text}");
        }
        for text in ["017", "0x1f", "1_000", ".inf", ""] {
            assert!(!is_plain_decimal(text), "{text}");
        }
    }
}
