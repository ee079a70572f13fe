package address

import (
	"net/netip"
	"testing"
)

func TestParseMapping(t *testing.T) {
	at := netip.MustParseAddr
	for _, c := range []struct {
		key, value string
		ip         netip.Addr
		want       Mapping
	}{
		{"10.0.0.1", "a:10.0.0.9", at("10.0.0.1"), Mapping{Port: "a", From: at("10.0.0.9")}},
		{"10.0.0.1", "a:10.0.0.9:az2", at("10.0.0.1"), Mapping{Port: "a", From: at("10.0.0.9"), Remote: true, Zone: "az2"}},
		{"[fd00::1]", "a:[fd00::9]", at("fd00::1"), Mapping{Port: "a", From: at("fd00::9")}},
		{"fd00::1", "a:fd00::9", at("fd00::1"), Mapping{Port: "a", From: at("fd00::9")}},
		{"[fd00::1]", "a:[fd00::9]:az2", at("fd00::1"), Mapping{Port: "a", From: at("fd00::9"), Remote: true, Zone: "az2"}},
	} {
		ip, m, err := ParseMapping(c.key, c.value)
		if ip != c.ip || m != c.want || err != nil {
			t.Errorf("%s=%s: %v %+v %v", c.key, c.value, ip, m, err)
		}
	}
	for key, value := range map[string]string{"x": "a:10.0.0.9", "10.0.0.1": "a", "10.0.0.2": ":10.0.0.9", "10.0.0.3": "a:fd00::9", "10.0.0.4:80": "a:10.0.0.9", "[10.0.0.5]": "a:10.0.0.9", "[fd00::1": "a:fd00::9", "10.0.0.6": "a:b"} {
		if _, m, err := ParseMapping(key, value); err == nil {
			t.Errorf("%s=%s is %+v", key, value, m)
		}
	}
}
