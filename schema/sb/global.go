package sb

import "github.com/weft-sdn/weft/schema"

// SBGlobal is the one row about the deployment as a whole: nb_cfg is the
// sequence number of the newest intent that is compiled.
type SBGlobal struct {
	schema.Header `ovs:"SB_Global,root,maxrows=1"`

	NBCfg          int64             `ovs:"nb_cfg"`
	NBCfgTimestamp int64             `ovs:"nb_cfg_timestamp"`
	ExternalIDs    map[string]string `ovs:"external_ids"`
	Connections    []schema.UUID     `ovs:"connections,strong=Connection"`
	SSL            *schema.UUID      `ovs:"ssl,strong=SSL"`
	Options        map[string]string `ovs:"options"`
	IPsec          bool              `ovs:"ipsec"`
}

// Connection is an address that the southbound server listens on or connects
// to, with the RBAC role of those who come that way.
type Connection struct {
	schema.Header `ovs:"Connection,index=target"`

	Target          string            `ovs:"target"`
	MaxBackoff      *int64            `ovs:"max_backoff,range=1000:"`
	InactivityProbe *int64            `ovs:"inactivity_probe"`
	ReadOnly        bool              `ovs:"read_only"`
	Role            string            `ovs:"role"`
	OtherConfig     map[string]string `ovs:"other_config"`
	ExternalIDs     map[string]string `ovs:"external_ids"`
	IsConnected     bool              `ovs:"is_connected,ephemeral"`
	Status          map[string]string `ovs:"status,ephemeral"`
}

// SSL is the one row of keys and certificates of the southbound server. Files
// are named by path.
type SSL struct {
	schema.Header `ovs:"SSL,maxrows=1"`

	PrivateKey      string            `ovs:"private_key"`
	Certificate     string            `ovs:"certificate"`
	CACert          string            `ovs:"ca_cert"`
	BootstrapCACert bool              `ovs:"bootstrap_ca_cert"`
	SSLProtocols    string            `ovs:"ssl_protocols"`
	SSLCiphers      string            `ovs:"ssl_ciphers"`
	SSLCiphersuites string            `ovs:"ssl_ciphersuites"`
	ExternalIDs     map[string]string `ovs:"external_ids"`
}

// RBACRole maps table names to what clients of one role may do.
type RBACRole struct {
	schema.Header `ovs:"RBAC_Role,root"`

	Name        string                 `ovs:"name"`
	Permissions map[string]schema.UUID `ovs:"permissions,weakV=RBAC_Permission"`
}

// RBACPermission is what one role may do with one table: the columns it may
// update, and those that must hold the client's name.
type RBACPermission struct {
	schema.Header `ovs:"RBAC_Permission,root"`

	Table         string   `ovs:"table"`
	Authorization []string `ovs:"authorization"`
	InsertDelete  bool     `ovs:"insert_delete"`
	Update        []string `ovs:"update"`
}
