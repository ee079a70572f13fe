package serve

import "testing"

func TestPassiveTCP(t *testing.T) {
	for _, tc := range []struct{ in, want, err string }{
		{in: "6641", want: "127.0.0.1:6641"},
		{in: "", want: "127.0.0.1:6640"},
		{in: "0:127.0.0.1", want: "127.0.0.1:0"},
		{in: "6641:0.0.0.0", want: "0.0.0.0:6641"},
		{in: "6641:[::]", want: "[::]:6641"},
		{in: "6641:[::1]", want: "[::1]:6641"},
		{in: "66410", err: `port "66410": expected 0 to 65535`},
		{in: "6641:localhost", err: `address "localhost": expected an IP address`},
	} {
		got, err := passiveTCP(tc.in)
		if got != tc.want || (err == nil) != (tc.err == "") || err != nil && err.Error() != tc.err {
			t.Errorf("passiveTCP(%q) = %q, %v; want %q, %q", tc.in, got, err, tc.want, tc.err)
		}
	}
}

func TestListenAll(t *testing.T) {
	path := t.TempDir() + "/run/nb.sock"
	ls, err := listenAll("punix:" + path + ", ptcp:0:127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if len(ls) != 2 {
		t.Fatalf("%d listeners, want 2", len(ls))
	}
	if _, err := listenAll("punix:" + path); err == nil {
		t.Error("a socket that somebody answers on was taken over")
	}
	closeAll(ls)
	if _, err := listenAll("ssl:1.2.3.4:5"); err == nil {
		t.Error("an active remote was taken")
	}
}
