// Written by `make generate` from functions/web/assets; change it there.
handsel.define("address_formats.js", [], async () => {
const FORMATS = {
  AD: {"l": "%N|%A|%Z %C", "r": "AC", "z": "AD100"},
  AE: {"l": "%N|%A|%S", "r": "A", "s": "emirate"},
  AF: {"l": "%N|%A|%C|%Z", "r": "AC", "z": "1001"},
  AG: {"l": "%N|%A|%C", "r": "A"},
  AI: {"l": "%N|%A|%C|%Z", "r": "AC", "z": "2640"},
  AL: {"l": "%N|%A|%Z|%C", "r": "AC", "z": "1001"},
  AM: {"l": "%N|%A|%Z|%C|%S", "r": "AC", "z": "375010"},
  AO: {"l": "%N|%A|%C", "r": "AC"},
  AQ: {"l": "%N|%A|%C", "r": "AC"},
  AR: {"l": "%N|%A|%Z %C|%S", "r": "AC", "z": "C1070AAM"},
  AS: {"l": "%N|%A|%C %S %Z", "r": "ACZ", "z": "96799", "s": "state", "n": "zip"},
  AT: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "1010"},
  AU: {"l": "%N|%A|%C %S %Z", "r": "ACSZ", "z": "2060", "s": "state", "c": "suburb"},
  AW: {"l": "%N|%A|%C", "r": "AC"},
  AX: {"l": "%N|%A|AX-%Z %C|ÅLAND", "r": "ACZ", "z": "22150"},
  AZ: {"l": "%N|%A|AZ %Z %C", "r": "AC", "z": "1000"},
  BA: {"l": "%N|%A|%Z %C", "r": "AC", "z": "71000"},
  BB: {"l": "%N|%A|%C, %S %Z", "r": "AC", "z": "BB23026", "s": "parish"},
  BD: {"l": "%N|%A|%C - %Z", "r": "AC", "z": "1340"},
  BE: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "4000"},
  BF: {"l": "%N|%A|%C", "r": "AC"},
  BG: {"l": "%N|%A|%Z %C", "r": "AC", "z": "1000"},
  BH: {"l": "%N|%A|%C %Z", "r": "AC", "z": "317"},
  BI: {"l": "%N|%A|%C", "r": "AC"},
  BJ: {"l": "%N|%A|%C", "r": "AC"},
  BL: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "97100"},
  BM: {"l": "%N|%A|%C %Z", "r": "AC", "z": "FL 07"},
  BN: {"l": "%N|%A|%C %Z", "r": "AC", "z": "BT2328"},
  BO: {"l": "%N|%A|%C", "r": "AC"},
  BQ: {"l": "%N|%A|%C", "r": "AC"},
  BR: {"l": "%N|%A|%C-%S|%Z", "r": "ACZ", "z": "40301-110", "s": "state"},
  BS: {"l": "%N|%A|%C, %S", "r": "AC", "s": "island"},
  BT: {"l": "%N|%A|%C %Z", "r": "AC", "z": "11001"},
  BV: {"l": "%N|%A|%C", "r": "AC"},
  BW: {"l": "%N|%A|%C", "r": "AC"},
  BY: {"l": "%N|%A|%Z, %C|%S", "r": "AC", "z": "223016"},
  BZ: {"l": "%N|%A|%C", "r": "AC"},
  CA: {"l": "%N|%A|%C %S %Z", "r": "ACSZ", "z": "H3Z 2Y7"},
  CC: {"l": "%N|%A|%C %S %Z", "r": "AC", "z": "6799"},
  CD: {"l": "%N|%A|%C", "r": "AC"},
  CF: {"l": "%N|%A|%C", "r": "AC"},
  CG: {"l": "%N|%A|%C", "r": "AC"},
  CH: {"l": "%N|%A|CH-%Z %C", "r": "ACZ", "z": "2544"},
  CI: {"l": "%N|%A %C", "r": "AC"},
  CK: {"l": "%N|%A|%C", "r": "AC"},
  CL: {"l": "%N|%A|%Z %C|%S", "r": "AC", "z": "8340457"},
  CM: {"l": "%N|%A|%C", "r": "AC"},
  CN: {"l": "%Z|%S%C|%A|%N", "r": "ACZ", "z": "266033"},
  CO: {"l": "%N|%A|%C, %S, %Z", "r": "A", "z": "111221", "s": "department"},
  CR: {"l": "%N|%A|%S, %C|%Z", "r": "AC", "z": "1000"},
  CU: {"l": "%N|%A|%C %S|%Z", "r": "AC", "z": "10700"},
  CV: {"l": "%N|%A|%Z %C|%S", "r": "AC", "z": "7600", "s": "island"},
  CW: {"l": "%N|%A|%C", "r": "AC"},
  CX: {"l": "%N|%A|%C %S %Z", "r": "AC", "z": "6798"},
  CY: {"l": "%N|%A|%Z %C", "r": "AC", "z": "2008"},
  CZ: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "100 00"},
  DE: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "26133"},
  DJ: {"l": "%N|%A|%C", "r": "AC"},
  DK: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "8660"},
  DM: {"l": "%N|%A|%C", "r": "AC"},
  DO: {"l": "%N|%A|%Z %C", "r": "AC", "z": "11903"},
  DZ: {"l": "%N|%A|%Z %C", "r": "AC", "z": "40304"},
  EC: {"l": "%N|%A|%Z|%C", "r": "AC", "z": "090105"},
  EE: {"l": "%N|%A|%Z %C %S", "r": "ACZ", "z": "69501"},
  EG: {"l": "%N|%A|%C|%S|%Z", "r": "AC", "z": "12411"},
  EH: {"l": "%N|%A|%Z %C", "r": "AC", "z": "70000"},
  ER: {"l": "%N|%A|%C", "r": "AC"},
  ES: {"l": "%N|%A|%Z %C %S", "r": "ACZ", "z": "28039"},
  ET: {"l": "%N|%A|%Z %C", "r": "AC", "z": "1000"},
  FI: {"l": "%N|%A|FI-%Z %C", "r": "ACZ", "z": "00550"},
  FJ: {"l": "%N|%A|%C", "r": "AC"},
  FK: {"l": "%N|%A|%C|%Z", "r": "ACZ", "z": "FIQQ 1ZZ"},
  FM: {"l": "%N|%A|%C %S %Z", "r": "ACZ", "z": "96941", "s": "state", "n": "zip"},
  FO: {"l": "%N|%A|FO%Z %C", "r": "AC", "z": "100"},
  FR: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "33380"},
  GA: {"l": "%N|%A|%C", "r": "AC"},
  GB: {"l": "%N|%A|%C|%Z", "r": "ACZ", "z": "EC1Y 8SY", "c": "post_town"},
  GD: {"l": "%N|%A|%C", "r": "AC"},
  GE: {"l": "%N|%A|%Z %C", "r": "AC", "z": "0101"},
  GF: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "97300"},
  GG: {"l": "%N|%A|%C|GUERNSEY|%Z", "r": "ACZ", "z": "GY1 1AA"},
  GH: {"l": "%N|%A|%C", "r": "AC"},
  GI: {"l": "%N|%A|GIBRALTAR|%Z", "r": "A", "z": "GX11 1AA"},
  GL: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "3900"},
  GM: {"l": "%N|%A|%C", "r": "AC"},
  GN: {"l": "%N|%Z %A %C", "r": "AC", "z": "001"},
  GP: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "97100"},
  GQ: {"l": "%N|%A|%C", "r": "AC"},
  GR: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "151 24"},
  GS: {"l": "%N|%A|%C|%Z", "r": "ACZ", "z": "SIQQ 1ZZ"},
  GT: {"l": "%N|%A|%Z- %C", "r": "AC", "z": "09001"},
  GU: {"l": "%N|%A|%C %Z", "r": "ACZ", "z": "96910", "n": "zip"},
  GW: {"l": "%N|%A|%Z %C", "r": "AC", "z": "1000"},
  GY: {"l": "%N|%A|%C", "r": "AC"},
  HK: {"l": "%S|%C|%A|%N", "r": "A", "s": "area", "c": "district"},
  HM: {"l": "%N|%A|%C %S %Z", "r": "AC", "z": "7050"},
  HN: {"l": "%N|%A|%C, %S|%Z", "r": "AC", "z": "31301", "s": "department"},
  HR: {"l": "%N|%A|HR-%Z %C", "r": "AC", "z": "10000"},
  HT: {"l": "%N|%A|HT%Z %C", "r": "AC", "z": "6120"},
  HU: {"l": "%N|%C|%A|%Z", "r": "ACZ", "z": "1037"},
  ID: {"l": "%N|%A|%C|%S %Z", "r": "A", "z": "40115"},
  IE: {"l": "%N|%A|%C|%S|%Z", "r": "AC", "z": "A65 F4E2", "s": "county", "n": "eircode"},
  IL: {"l": "%N|%A|%C %Z", "r": "AC", "z": "9614303"},
  IM: {"l": "%N|%A|%C|%Z", "r": "ACZ", "z": "IM2 1AA"},
  IN: {"l": "%N|%A|%C %Z|%S", "r": "ACZ", "z": "110034", "s": "state", "n": "pin"},
  IO: {"l": "%N|%A|%C|%Z", "r": "ACZ", "z": "BBND 1ZZ"},
  IQ: {"l": "%N|%A|%C, %S|%Z", "r": "AC", "z": "31001"},
  IR: {"l": "%N|%S|%C|%A|%Z", "r": "AC", "z": "11936-12345"},
  IS: {"l": "%N|%A|%Z %C", "r": "AC", "z": "320"},
  IT: {"l": "%N|%A|%Z %C %S", "r": "ACZ", "z": "00144"},
  JE: {"l": "%N|%A|%C|JERSEY|%Z", "r": "ACZ", "z": "JE1 1AA"},
  JM: {"l": "%N|%A|%C|%S", "r": "AC", "s": "parish"},
  JO: {"l": "%N|%A|%C %Z", "r": "AC", "z": "11937"},
  JP: {"l": "〒%Z|%S|%A|%N", "r": "AZ", "z": "154-0023", "s": "prefecture"},
  KE: {"l": "%N|%A|%C|%Z", "r": "AC", "z": "20100"},
  KG: {"l": "%N|%A|%Z %C", "r": "AC", "z": "720001"},
  KH: {"l": "%N|%A|%C %Z", "r": "AC", "z": "120101"},
  KI: {"l": "%N|%A|%S|%C", "r": "AC", "s": "island"},
  KM: {"l": "%N|%A|%C", "r": "AC"},
  KN: {"l": "%N|%A|%C, %S", "r": "AC", "s": "island"},
  KP: {"l": "%Z|%S|%C|%A|%N", "r": "AC"},
  KR: {"l": "%S %C|%A|%N|%Z", "r": "ACZ", "z": "03051", "s": "do_si"},
  KW: {"l": "%N|%A|%Z %C", "r": "AC", "z": "54541"},
  KY: {"l": "%N|%A|%S %Z", "r": "A", "z": "KY1-1100", "s": "island"},
  KZ: {"l": "%Z|%S|%C|%A|%N", "r": "AC", "z": "040900"},
  LA: {"l": "%N|%A|%Z %C", "r": "AC", "z": "01160"},
  LB: {"l": "%N|%A|%C %Z", "r": "AC", "z": "2038 3054"},
  LC: {"l": "%N|%A|%C", "r": "AC"},
  LI: {"l": "%N|%A|FL-%Z %C", "r": "ACZ", "z": "9496"},
  LK: {"l": "%N|%A|%C|%Z", "r": "AC", "z": "20000"},
  LR: {"l": "%N|%A|%Z %C", "r": "AC", "z": "1000"},
  LS: {"l": "%N|%A|%C %Z", "r": "AC", "z": "100"},
  LT: {"l": "%N|%A|LT-%Z %C %S", "r": "ACZ", "z": "04340"},
  LU: {"l": "%N|%A|L-%Z %C", "r": "ACZ", "z": "4750"},
  LV: {"l": "%N|%A|%S|%C, %Z", "r": "ACZ", "z": "LV-1073"},
  LY: {"l": "%N|%A|%C", "r": "AC"},
  MA: {"l": "%N|%A|%Z %C", "r": "AC", "z": "53000"},
  MC: {"l": "%N|%A|MC-%Z %C", "r": "AC", "z": "98000"},
  MD: {"l": "%N|%A|MD-%Z %C", "r": "AC", "z": "2012"},
  ME: {"l": "%N|%A|%Z %C", "r": "AC", "z": "81257"},
  MF: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "97100"},
  MG: {"l": "%N|%A|%Z %C", "r": "AC", "z": "501"},
  MH: {"l": "%N|%A|%C %S %Z", "r": "ACZ", "z": "96960", "s": "state", "n": "zip"},
  MK: {"l": "%N|%A|%Z %C", "r": "AC", "z": "1314"},
  ML: {"l": "%N|%A|%C", "r": "AC"},
  MM: {"l": "%N|%A|%C, %Z", "r": "AC", "z": "11181"},
  MN: {"l": "%N|%A|%C|%S %Z", "r": "AC", "z": "65030"},
  MO: {"l": "%A|%N", "r": "A"},
  MP: {"l": "%N|%A|%C %S %Z", "r": "ACZ", "z": "96950", "s": "state", "n": "zip"},
  MQ: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "97220"},
  MR: {"l": "%N|%A|%C", "r": "AC"},
  MS: {"l": "%N|%A|%C", "r": "AC"},
  MT: {"l": "%N|%A|%C %Z", "r": "AC", "z": "NXR 01"},
  MU: {"l": "%N|%A|%Z|%C", "r": "AC", "z": "42602"},
  MV: {"l": "%N|%A|%C %Z", "r": "AC", "z": "20026"},
  MW: {"l": "%N|%A|%C", "r": "AC"},
  MX: {"l": "%N|%A|%Z %C, %S", "r": "ACZ", "z": "02860", "s": "state"},
  MY: {"l": "%N|%A|%Z %C|%S", "r": "ACZ", "z": "43000", "s": "state"},
  MZ: {"l": "%N|%A|%Z %C%S", "r": "AC", "z": "1102"},
  NA: {"l": "%N|%A|%C|%Z", "r": "AC", "z": "10001"},
  NC: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "98814"},
  NE: {"l": "%N|%A|%Z %C", "r": "AC", "z": "8001"},
  NF: {"l": "%N|%A|%C %S %Z", "r": "AC", "z": "2899"},
  NG: {"l": "%N|%A|%C %Z|%S", "r": "AC", "z": "930283", "s": "state"},
  NI: {"l": "%N|%A|%Z|%C, %S", "r": "AC", "z": "52000", "s": "department"},
  NL: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "1234 AB"},
  NO: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "0025", "c": "post_town"},
  NP: {"l": "%N|%A|%C %Z", "r": "AC", "z": "44601"},
  NR: {"l": "%N|%A|%S", "r": "A", "s": "district"},
  NU: {"l": "%N|%A|%C", "r": "AC"},
  NZ: {"l": "%N|%A|%C %Z", "r": "ACZ", "z": "6001"},
  OM: {"l": "%N|%A|%Z|%C", "r": "AC", "z": "133"},
  PA: {"l": "%N|%A|%C|%S", "r": "AC"},
  PE: {"l": "%N|%A|%C %Z|%S", "r": "AC", "z": "LIMA 23", "c": "district"},
  PF: {"l": "%N|%A|%Z %C %S", "r": "ACZ", "z": "98709", "s": "island"},
  PG: {"l": "%N|%A|%C %Z %S", "r": "AC", "z": "111"},
  PH: {"l": "%N|%A|%C|%Z %S", "r": "AC", "z": "1008"},
  PK: {"l": "%N|%A|%C-%Z", "r": "AC", "z": "44000"},
  PL: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "00-950"},
  PM: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "97500"},
  PN: {"l": "%N|%A|%C|%Z", "r": "ACZ", "z": "PCRN 1ZZ"},
  PR: {"l": "%N|%A|%C PR %Z", "r": "ACZ", "z": "00930", "n": "zip"},
  PS: {"l": "%N|%A|%C", "r": "AC"},
  PT: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "2725-079"},
  PW: {"l": "%N|%A|%C %S %Z", "r": "ACZ", "z": "96940", "s": "state", "n": "zip"},
  PY: {"l": "%N|%A|%Z %C", "r": "AC", "z": "1536"},
  QA: {"l": "%N|%A|%C", "r": "AC"},
  RE: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "97400"},
  RO: {"l": "%N|%A|%Z %S %C", "r": "ACZ", "z": "060274"},
  RS: {"l": "%N|%A|%Z %C", "r": "AC", "z": "106314"},
  RU: {"l": "%N|%A|%C|%S|%Z", "r": "ACZ", "z": "247112", "s": "oblast"},
  RW: {"l": "%N|%A|%C", "r": "AC"},
  SA: {"l": "%N|%A|%C %Z", "r": "AC", "z": "11564"},
  SB: {"l": "%N|%A|%C", "r": "AC"},
  SC: {"l": "%N|%A|%C|%S", "r": "AC", "s": "island"},
  SD: {"l": "%N|%A|%C|%Z", "r": "AC", "z": "11042", "c": "district"},
  SE: {"l": "%N|%A|SE-%Z %C", "r": "ACZ", "z": "11455", "c": "post_town"},
  SG: {"l": "%N|%A|SINGAPORE %Z", "r": "AZ", "z": "546080"},
  SH: {"l": "%N|%A|%C|%Z", "r": "ACZ", "z": "STHL 1ZZ"},
  SI: {"l": "%N|%A|SI-%Z %C", "r": "AC", "z": "4000"},
  SJ: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "9170", "c": "post_town"},
  SK: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "010 01"},
  SL: {"l": "%N|%A|%C", "r": "AC"},
  SM: {"l": "%N|%A|%Z %C", "r": "AZ", "z": "47890"},
  SN: {"l": "%N|%A|%Z %C", "r": "AC", "z": "12500"},
  SO: {"l": "%N|%A|%C, %S %Z", "r": "AC", "z": "JH 09010"},
  SR: {"l": "%N|%A|%C|%S", "r": "AC"},
  SS: {"l": "%N|%A|%C", "r": "AC"},
  ST: {"l": "%N|%A|%C", "r": "AC"},
  SV: {"l": "%N|%A|%Z-%C|%S", "r": "AC", "z": "CP 1101"},
  SX: {"l": "%N|%A|%C", "r": "AC"},
  SY: {"l": "%N|%A|%C", "r": "AC", "c": "district"},
  SZ: {"l": "%N|%A|%C|%Z", "r": "AC", "z": "H100"},
  TC: {"l": "%N|%A|%C|%Z", "r": "ACZ", "z": "TKCA 1ZZ"},
  TD: {"l": "%N|%A|%C", "r": "AC"},
  TF: {"l": "%N|%A|%C", "r": "AC"},
  TG: {"l": "%N|%A|%C", "r": "AC"},
  TH: {"l": "%N|%A|%C|%S %Z", "r": "AC", "z": "10150"},
  TJ: {"l": "%N|%A|%Z %C", "r": "AC", "z": "735450"},
  TK: {"l": "%N|%A|%C", "r": "AC"},
  TL: {"l": "%N|%A|%C", "r": "AC"},
  TM: {"l": "%N|%A|%Z %C", "r": "AC", "z": "744000"},
  TN: {"l": "%N|%A|%Z %C", "r": "AC", "z": "1002"},
  TO: {"l": "%N|%A|%C", "r": "AC"},
  TR: {"l": "%N|%A|%Z %C/%S", "r": "ACZ", "z": "01960", "c": "district"},
  TT: {"l": "%N|%A|%C", "r": "AC"},
  TV: {"l": "%N|%A|%C|%S", "r": "AC", "s": "island"},
  TW: {"l": "%Z|%S%C|%A|%N", "r": "ACZ", "z": "104", "s": "county", "c": "district"},
  TZ: {"l": "%N|%A|%Z %C", "r": "AC", "z": "6090"},
  UA: {"l": "%N|%A|%C|%S|%Z", "r": "ACZ", "z": "15432", "s": "oblast"},
  UG: {"l": "%N|%A|%C", "r": "AC"},
  UM: {"l": "%N|%A|%C %S %Z", "r": "AC", "z": "96898", "s": "state", "n": "zip"},
  US: {"l": "%N|%A|%C, %S %Z", "r": "ACSZ", "z": "95014", "s": "state", "n": "zip"},
  UY: {"l": "%N|%A|%Z %C %S", "r": "AC", "z": "11600"},
  UZ: {"l": "%N|%A|%Z %C|%S", "r": "AC", "z": "702100"},
  VA: {"l": "%N|%A|%Z %C", "r": "AC", "z": "00120"},
  VC: {"l": "%N|%A|%C %Z", "r": "AC", "z": "VC0100"},
  VE: {"l": "%N|%A|%C %Z, %S", "r": "AC", "z": "1010", "s": "state"},
  VG: {"l": "%N|%A|%C|%Z", "r": "A", "z": "VG1110"},
  VI: {"l": "%N|%A|%C %S %Z", "r": "ACZ", "z": "00802-1222", "s": "state", "n": "zip"},
  VN: {"l": "%N|%A|%C|%S %Z", "r": "AC", "z": "70010"},
  VU: {"l": "%N|%A|%C", "r": "AC"},
  WF: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "98600"},
  WS: {"l": "%N|%A|%C", "r": "AC"},
  XK: {"l": "%N|%A|%Z %C", "r": "AC", "z": "10000"},
  YE: {"l": "%N|%A|%C", "r": "AC"},
  YT: {"l": "%N|%A|%Z %C", "r": "ACZ", "z": "97600"},
  ZA: {"l": "%N|%A|%C|%Z", "r": "ACZ", "z": "0083"},
  ZM: {"l": "%N|%A|%Z %C", "r": "AC", "z": "50100"},
  ZW: {"l": "%N|%A|%C", "r": "AC"},
};
return { FORMATS };
});
handsel.define("gift_address.js", ["address_formats.js", "api.js", "dom.js", "i18n.js", "storage.js", "ui.js"], async ({ FORMATS }, { Problem }, { fill, h }, { language, t }, { local }, { runAction }) => {
const STORAGE_KEY = "handsel.address";
const UNKNOWN = { l: "%N|%A|%C|%Z", r: "AC" };

const INPUTS = {
  country: { autocomplete: "country", required: true },
  name: { autocomplete: "name", maxlength: 100, required: true },
  phone: { autocomplete: "tel", type: "tel", maxlength: 100, required: true },
  "lines/0": { autocomplete: "address-line1", maxlength: 200 },
  "lines/1": { autocomplete: "address-line2", maxlength: 200 },
  city: { autocomplete: "address-level2", maxlength: 100 },
  region: { autocomplete: "address-level1", maxlength: 100 },
  postal_code: { autocomplete: "postal-code", maxlength: 20 },
};
const FIELDS = { A: ["lines/0", "lines/1"], C: ["city"], S: ["region"], Z: ["postal_code"] };

function addressForm(label, send, { address: given, at = "/address" } = {}) {
  const first = given ?? lastAddress();
  const inputs = Object.fromEntries(Object.entries(INPUTS).map(([name, attributes]) => [name, input(name, attributes, first)]));
  const fields = h("div", { class: "fields" });
  const place = h("div", { class: "address-form" });
  const next = h("button", { type: "submit", class: "main" }, t("gift.check_address"));
  const form = h("form", { class: "address", on: { submit } }, fields, next);
  let shown = [];

  function draw() {
    const country = inputs.country.value;
    const extra = country === first.country ? Object.keys(FIELDS).filter((letter) => FIELDS[letter].some((name) => first[name])) : [];
    shown = fieldsOf(country, extra).map(({ name, text, required }) => field(inputs[name], name, text, required));
    fill(fields, shown.map((each) => each.element));
  }

  function submit(event) {
    event.preventDefault();
    for (const each of shown) each.showError("");
    const address = read(inputs, shown);
    fill(place, review(address, label, sendAddress, edit));
    place.querySelector("h2").focus();

    async function sendAddress() {
      try {
        await send(address);
      } catch (error) {
        const wrong = error instanceof Problem ? shown.filter(({ name }) => isAbout(error, `${at}/${name}`)) : [];
        if (wrong.length === 0) throw error;
        edit();
        for (const each of wrong) each.showError(wrongText(each.name, address.country));
        wrong[0].input.focus();
        return;
      }
      local.setJson(STORAGE_KEY, address);
    }
  }

  function edit() {
    fill(place, form);
    shown[0].input.focus();
  }

  inputs.country.addEventListener("change", draw);
  draw();
  return fill(place, form);
}

function review(address, label, send, edit) {
  const notice = h("div", { class: "notice" });
  const button = h("button", { type: "button", class: "main", on: { click: () => runAction(button, notice, send) } }, label);
  return h(
    "section",
    { class: "review", "aria-labelledby": "review-title" },
    h("h2", { id: "review-title", tabindex: -1 }, t("gift.is_address_right")),
    h("address", {}, [...written(address), countryName(address.country), address.phone].map((line) => h("span", {}, line))),
    button,
    notice,
    h("button", { type: "button", class: "link", on: { click: edit } }, t("gift.change_address")),
  );
}

function order(format) {
  const lines = format.split("|").map((line) => (line.match(/%./g) ?? []).map((field) => field[1]));
  const largeFirst = lines.at(-1).includes("N");
  return largeFirst && language !== "zh" ? lines.reverse().map((line) => line.reverse()) : lines;
}

function fieldsOf(country, extra) {
  const { l: lines, r: needed, s: region = "province", c: city = "city", n: code = "postal" } = FORMATS[country] ?? UNKNOWN;
  const texts = { city: `gift.field.${city}`, region: `gift.field.${region}`, postal_code: `gift.field.${code}` };
  const letters = order(lines).flat().filter((letter) => letter in FIELDS);
  const followed = [...new Set([...letters, ...extra])].flatMap((letter) =>
    FIELDS[letter].map((name) => ({ name, text: texts[name] ?? `gift.field.${name}`, required: needed.includes(letter) && name !== "lines/1" })),
  );
  const always = ["country", "name", "phone"].map((name) => ({ name, text: `gift.field.${name}`, required: true }));
  return [...always, ...followed];
}

function written(address) {
  const values = { N: [address.name], A: address.lines, C: [address.city], S: [address.region], Z: [address.postal_code] };
  const lines = order((FORMATS[address.country] ?? UNKNOWN).l);
  const others = Object.keys(values).filter((letter) => !lines.flat().includes(letter));
  return [...lines, ...others].flatMap((line) => {
    const written = [...line].flatMap((letter) => values[letter]).filter(Boolean);
    return line.includes("A") ? written : written.join(" ") || [];
  });
}

function lastAddress() {
  return local.getJson(STORAGE_KEY) ?? {};
}

function input(name, attributes, first) {
  const [key, index] = name.split("/");
  const value = (index ? first[key]?.[index] : first[key]) ?? "";
  const element = name === "country" ? countries(value) : h("input", { value, dir: "auto" });
  for (const [attribute, each] of Object.entries(attributes)) element.setAttribute(attribute, each === true ? "" : each);
  element.name = name;
  return element;
}

function field(element, name, text, required) {
  const error = h("p", { class: "field-error", id: `error-${name}` });
  element.required = required;
  const label = h("label", {}, required || name === "lines/1" ? t(text) : t("gift.optional", { field: t(text) }), element);
  return {
    name,
    input: element,
    element: h("div", { class: `field ${name.replace("/", "-")}` }, label, error),
    showError(message) {
      fill(error, message);
      element.setAttribute("aria-invalid", Boolean(message));
      element.setAttribute("aria-describedby", message ? error.id : "");
    },
  };
}

function countries(last) {
  const selected = last || (new Intl.Locale(navigator.language).region ?? (language === "zh" ? "CN" : ""));
  const sorted = Object.keys(FORMATS)
    .map((code) => [code, countryName(code)])
    .sort(([, one], [, other]) => one.localeCompare(other, language));
  return h(
    "select",
    {},
    h("option", { value: "" }, ""),
    sorted.map(([code, name]) => h("option", { value: code, selected: code === selected }, name)),
  );
}

function countryName(code) {
  return new Intl.DisplayNames(language, { type: "region" }).of(code);
}

function read(inputs, shown) {
  const names = shown.map(({ name }) => name);
  const value = (name) => (names.includes(name) && inputs[name].value.trim()) || null;
  return {
    name: value("name"),
    phone: value("phone"),
    lines: [value("lines/0"), value("lines/1")].filter(Boolean),
    city: value("city"),
    region: value("region"),
    postal_code: value("postal_code"),
    country: value("country"),
  };
}

const isAbout = (error, pointer) => error.errors.some((each) => `${pointer}/`.startsWith(`${each.pointer}/`));

function wrongText(name, country) {
  const example = name === "postal_code" && FORMATS[country]?.z;
  return example ? t("gift.field_wrong_code", { example }) : t("gift.field_wrong");
}
return { addressForm };
});
