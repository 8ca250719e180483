//! Paths by their letters alone.

/// Follows each path from where the last one led, beginning in `dir`.
pub fn absolute(dir: &[u8], paths: &[&[u8]]) -> Vec<u8> {
    let mut place = dir.to_vec();
    for path in paths {
        match path {
            [b'/', b'/'] => place = b"//".to_vec(),
            [b'/', b'/', third, ..] if *third != b'/' => place = b"//".to_vec(),
            [b'/', ..] => place = b"/".to_vec(),
            _ => {}
        }
        for name in path.split(|byte| *byte == b'/') {
            match name {
                b"" | b"." => {}
                b".." => place = parent(&place),
                _ => {
                    if place.last() == Some(&b'/') {
                        place.pop();
                    }
                    place.push(b'/');
                    place.extend(name);
                }
            }
        }
    }
    place
}

/// `/` is above itself.
fn parent(path: &[u8]) -> Vec<u8> {
    let path = without_slashes(path);
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => {
            let above = without_slashes(&path[..at]);
            if above.is_empty() { b"/".to_vec() } else { above.to_vec() }
        }
        None if path.is_empty() => b"/".to_vec(),
        None => b".".to_vec(),
    }
}

fn without_slashes(path: &[u8]) -> &[u8] {
    let length = path.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
    &path[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(paths: &[&str], expected: &str) {
        let paths: Vec<&[u8]> = paths.iter().map(|path| path.as_bytes()).collect();
        assert_eq!(absolute(b"/home/me", &paths), expected.as_bytes());
    }

    #[test]
    fn paths_are_followed() {
        check(&["bin"], "/home/me/bin");
        check(&["", "../x/./y//z/"], "/home/x/y/z");
        check(&["/a/../../b"], "/b");
        check(&["/one", "../../x"], "/x");
        check(&["//x"], "//x");
        check(&["///x"], "/x");
        check(&[""], "/home/me");
    }
}
