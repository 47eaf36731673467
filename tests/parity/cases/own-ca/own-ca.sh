# makes a CA in the folder $1 as a company does: of another kind than the leaves, with names, and a bundle
set -eu
cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -days 3000 -sha256 -subj "/C=DE/O=Example GmbH/CN=Example Root" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout root.key -out root.crt
openssl req -newkey rsa:2048 -nodes -sha256 -subj "/C=DE/O=Example GmbH/OU=Clusters/CN=Example Cluster CA" -keyout ca.key -out ca.csr
printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' > ca.ext
openssl x509 -req -sha256 -in ca.csr -CA root.crt -CAkey root.key -set_serial 4660 -days 2000 -extfile ca.ext -out ca.crt
cat root.crt >> ca.crt
rm root.key root.crt ca.csr ca.ext
chmod 0640 ca.key
