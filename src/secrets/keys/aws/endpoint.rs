//! Where AWS's services are.

use super::Session;

impl Session<'_> {
    /// The address of a service: what the user wants instead, or AWS's own.
    pub fn endpoint(&self, service: &str) -> String {
        self.configured(service).unwrap_or_else(|| {
            format!("https://{}", host(service, self.region, self.partition, self.is_certified()))
        })
    }

    fn configured(&self, service: &str) -> Option<String> {
        let is_true = |value: &str| value.eq_ignore_ascii_case("true");
        if self.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(is_true) {
            return None;
        }
        let variable = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase());
        let variables = [variable.as_str(), "AWS_ENDPOINT_URL"];
        let url = variables.into_iter().find_map(|name| self.variable(name));
        url.map(ToString::to_string).or_else(|| self.profiles.endpoint(&self.profile, service))
    }

    /// Whether only servers with a certificate of FIPS 140 are wanted.
    fn is_certified(&self) -> bool {
        let of_profile = || self.profiles.text(&self.profile, "use_fips_endpoint");
        let wanted = self.variable("AWS_USE_FIPS_ENDPOINT").or_else(of_profile);
        wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case("true"))
    }
}

fn host(service: &str, region: &str, partition: &str, is_certified: bool) -> String {
    let domain = match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => "amazonaws.com",
    };
    // The STS for the government of the USA has no other servers.
    let is_certified = is_certified && (service, partition) != ("sts", "aws-us-gov");
    let kind = if is_certified { "-fips" } else { "" };
    format!("{service}{kind}.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the real sops asks them.
    #[test]
    fn every_partition_has_a_domain() {
        for (partition, region, wanted) in [
            ("aws", "eu-west-1", "kms.eu-west-1.amazonaws.com"),
            ("aws-cn", "cn-north-1", "kms.cn-north-1.amazonaws.com.cn"),
            ("aws-us-gov", "us-gov-west-1", "kms.us-gov-west-1.amazonaws.com"),
            ("aws-iso", "us-iso-east-1", "kms.us-iso-east-1.c2s.ic.gov"),
            ("aws-iso-b", "us-isob-east-1", "kms.us-isob-east-1.sc2s.sgov.gov"),
            ("aws-iso-e", "eu-isoe-west-1", "kms.eu-isoe-west-1.cloud.adc-e.uk"),
            ("aws-iso-f", "us-isof-south-1", "kms.us-isof-south-1.csp.hci.ic.gov"),
            ("aws-eusc", "eusc-de-east-1", "kms.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(host("kms", region, partition, false), wanted);
            let certified = wanted.replace("kms.", "kms-fips.");
            assert_eq!(host("kms", region, partition, true), certified);
            let sts = certified
                .replace("kms-fips", if partition == "aws-us-gov" { "sts" } else { "sts-fips" });
            assert_eq!(host("sts", region, partition, true), sts);
        }
    }
}
