package address

import (
	"fmt"
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"0a:00:00:00:00:01", "0a:00:00:00:00:01 []"},
		{"0A:00:00:00:00:01  10.0.0.1", "0a:00:00:00:00:01 [10.0.0.1/32]"},
		{"0a:00:00:00:00:01 10.0.0.1/24,fd00::1", "0a:00:00:00:00:01 [10.0.0.1/24 fd00::1/128]"},
		{"", "no Ethernet address"},
		{"unknown", `"unknown" is not an Ethernet address`},
		{"0a:00:00:00:00:01:02", `"0a:00:00:00:00:01:02" is not an Ethernet address`},
		{"0a:00:00:00:00:01 10.0.0.256", `"10.0.0.256" is not an IP address`},
		{"0a:00:00:00:00:01 10.0.0.1/33", `"10.0.0.1/33" is not an IP address with a prefix length`},
		{"0a:00:00:00:00:01 fe80::1%eth0", `"fe80::1%eth0" is not an IP address`},
	} {
		a, err := Parse(tc.in)
		got := fmt.Sprint(a.MAC, a.IPs)
		if err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%q: %s, want %s", tc.in, got, tc.want)
		}
	}
}

func TestParseProxy(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"0a:58:a9:fe:01:01 169.254.1.1 fd00::/64", "0a:58:a9:fe:01:01 [169.254.1.1/32 fd00::/64]"},
		{"169.254.1.1,169.254.2.0/24", "00:00:00:00:00:00 [169.254.1.1/32 169.254.2.0/24]"},
		{"", "no IP address"},
		{"0a:58:a9:fe:01:01", "no IP address"},
		{"true", `"true" is not an IP address`},
		{"169.254.1.1 0a:58:a9:fe:01:01", `"0a:58:a9:fe:01:01" is not an IP address`},
		{"169.254.1.0/33", `"169.254.1.0/33" is not an IP address with a prefix length`},
	} {
		a, err := ParseProxy(tc.in)
		got := fmt.Sprint(a.MAC, a.IPs)
		if err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%q: %s, want %s", tc.in, got, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("0a:00:00:00:00:01 10.0.0.1/24,fd00::1")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		text := a.MAC.String()
		for _, ip := range a.IPs {
			text += " " + ip.String()
		}
		if b, err := Parse(text); err != nil || a.MAC != b.MAC || !slices.Equal(a.IPs, b.IPs) {
			t.Errorf("%q: %v becomes %v, %v", s, a, b, err)
		}
	})
}

func TestHostOrNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1": "10.0.0.1/32", "10.0.0.1/24": "10.0.0.0/24", "fd00::1": "fd00::1/128", "fd00::1/64": "fd00::/64",
		"": "invalid Prefix", "10.0.0": "invalid Prefix", "10.0.0.1/33": "invalid Prefix", "fe80::1%eth0": "invalid Prefix", "::ffff:10.0.0.1": "invalid Prefix",
	} {
		if got := HostOrNetwork(text).String(); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
