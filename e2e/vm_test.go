package e2e

import "testing"

// TestVMNames: a host may not take the name of a place or a command, which
// scenario lines would mean from then on.
func TestVMNames(t *testing.T) {
	s, err := New(config(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range []string{"", "fab", "ping", "until"} {
		if _, err := s.AddExternal(0, VMConfig{Name: name}); err == nil {
			t.Errorf("a host is named %q", name)
		}
	}
	if _, err := s.AddExternal(0, VMConfig{Name: "p"}); err != nil {
		t.Error(err)
	}
	if _, err := s.AddExternal(0, VMConfig{Name: "p"}); err == nil {
		t.Error("two hosts have the same name")
	}
}
