//! A key from some of its shares: Shamir's scheme over GF(2^8), in the layout of Vault and sops.

use super::Secret;
use aes_gcm::aead::{OsRng, rand_core::RngCore as _};

/// Of a share: one byte for each of the key's, and the place it stands for.
const SHARE: usize = 33;

/// `None` where there are fewer than two shares, two of the same place, or one of another size.
pub fn combine(shares: &[Secret]) -> Option<Secret> {
    let places: Vec<u8> =
        shares.iter().map(|share| share.bytes().last().copied().unwrap_or(0)).collect();
    let is_distinct =
        places.iter().enumerate().all(|(index, place)| !places[..index].contains(place));
    if shares.len() < 2 || !is_distinct || shares.iter().any(|share| share.bytes().len() != SHARE) {
        return None;
    }
    let mut key = vec![0; SHARE - 1];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = shares.iter().zip(&places).fold(0, |sum, (share, place)| {
            sum ^ multiply(share.bytes()[at], weight(*place, &places))
        });
    }
    Some(key.into())
}

/// Shares of a key, `threshold` of which give it back; `count` is 255 at most.
pub fn split(key: &Secret, count: u8, threshold: u8) -> Vec<Secret> {
    let mut shares: Vec<Secret> = (1..=count)
        .map(|place| {
            let mut share = vec![0; SHARE];
            share[SHARE - 1] = place;
            share.into()
        })
        .collect();
    let mut coefficients = Secret::from(vec![0; usize::from(threshold) - 1]);
    for (at, byte) in key.bytes().iter().enumerate() {
        OsRng.fill_bytes(coefficients.bytes_mut());
        for (place, share) in (1..=count).zip(&mut shares) {
            let sum = coefficients
                .bytes()
                .iter()
                .fold(0, |sum, coefficient| multiply(sum ^ coefficient, place));
            share.bytes_mut()[at] = sum ^ byte;
        }
    }
    shares
}

/// Lagrange's weight of one place, at zero.
fn weight(place: u8, places: &[u8]) -> u8 {
    places
        .iter()
        .filter(|other| **other != place)
        .fold(1, |product, other| multiply(product, multiply(*other, inverse(*other ^ place))))
}

/// Without a branch or table that depends on what is multiplied.
fn multiply(mut left: u8, mut right: u8) -> u8 {
    let mut product = 0;
    for _ in 0..8 {
        product ^= left & 0u8.wrapping_sub(right & 1);
        let carry = 0u8.wrapping_sub(left >> 7);
        left = (left << 1) ^ (0x1b & carry);
        right >>= 1;
    }
    product
}

/// The 254th power.
fn inverse(number: u8) -> u8 {
    let (mut power, mut result) = (number, 1);
    for _ in 0..7 {
        power = multiply(power, power);
        result = multiply(result, power);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_shares_give_the_key_back() {
        let key: Secret = (0..32).collect::<Vec<u8>>().into();
        let shares = split(&key, 5, 3);
        assert_eq!(combine(&shares[..3]).unwrap(), key);
        assert_eq!(combine(&shares[1..]).unwrap(), key);
        assert_ne!(combine(&shares[..2]).unwrap(), key);
    }

    #[test]
    fn shares_that_cannot_be_combined() {
        let key: Secret = vec![7; 32].into();
        let shares = split(&key, 2, 2);
        assert!(combine(&shares[..1]).is_none());
        assert!(combine(&[shares[0].clone(), shares[0].clone()]).is_none());
        assert!(combine(&[shares[0].clone(), vec![1; 32].into()]).is_none());
    }

    #[test]
    fn every_number_has_an_inverse() {
        for number in 1..=255 {
            assert_eq!(multiply(number, inverse(number)), 1);
        }
        assert_eq!(multiply(0x53, 0xca), 1);
    }
}
