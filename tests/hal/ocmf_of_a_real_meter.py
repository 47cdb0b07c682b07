"""Begin and end of a charge as a real BSM-WS36A signed them: bsm-python, doc/examples/data/ev-charging-ocmf.xml."""

BEGIN = (
    'OCMF|{"FV":"1.0","GI":"BAUER Electronic BSM-WS36A-H01-1311-0000","GS":"001BZR1521070006","GV":"1.9:3'
    '2CA:AFF4, f1d3d06","PG":"T4276","MV":"BAUER Electronic","MM":"BSM-WS36A-H01-1311-0000","MS":"001BZR1'
    '521070006","IS":true,"IT":"UNDEFINED","ID":"contract-id: rfid:12345678abcdef","X2":"evse-id: DE*BDO*'
    'E8025334492*2","X3":"csc-sw-version: v1.2.34","RD":[{"TM":"2022-07-08T10:00:28,000+0200 S","TX":"B",'
    '"RV":0.00,"RI":"1-0:1.8.0*198","RU":"kWh","XV":99.84,"XI":"1-0:1.8.0*255","XU":"kWh","XT":1,"RT":"AC'
    '","EF":"","ST":"G"}]}|{"SA":"ECDSA-secp256r1-SHA256","SD":"3046022100b63d4125929dc1ab354171570c37de5'
    "79f961c4ddf1b301db1cfa035b3a96d16022100b6cb9fb98164a400181dc240ff7333e94cfd0742aa634e47e7a4c1fd62c69"
    '5b5"}'
)
END = (
    'OCMF|{"FV":"1.0","GI":"BAUER Electronic BSM-WS36A-H01-1311-0000","GS":"001BZR1521070006","GV":"1.9:3'
    '2CA:AFF4, f1d3d06","PG":"T4277","MV":"BAUER Electronic","MM":"BSM-WS36A-H01-1311-0000","MS":"001BZR1'
    '521070006","IS":true,"IT":"UNDEFINED","ID":"contract-id: rfid:12345678abcdef","X2":"evse-id: DE*BDO*'
    'E8025334492*2","X3":"csc-sw-version: v1.2.34","RD":[{"TM":"2022-07-08T10:05:52,000+0200 S","TX":"E",'
    '"RV":0.15,"RI":"1-0:1.8.0*198","RU":"kWh","XV":100.00,"XI":"1-0:1.8.0*255","XU":"kWh","XT":2,"RT":"A'
    'C","EF":"","ST":"G"}]}|{"SA":"ECDSA-secp256r1-SHA256","SD":"3044022014f0be0063d22f3b847218f42cd2a852'
    "f6d2a487c6668160613ce5542787c10302206f83d65044da4874da4e671742e4de5236202d52f4bd4d9fca4130bd16ef76dc"
    '"}'
)
PUBLIC_KEY = (
    "3059301306072a8648ce3d020106082a8648ce3d030107034200044bfd02c1d85272ceea9977db26d72cc401d9e5602faeee"
    "7ec7b6b62f9c0cce34ad8d345d5ac0e8f65deb5ff0bb402b1b87926bd1b7fc2dbc3a9774e8e70c7254"
)
