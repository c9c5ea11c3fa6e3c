"""Published examples of AWS Signature Version 4: those of the aws-sig-v4-test-suite, of the IAM documentation, and of S3's.

Each is (whose keys and date, name, service, method, target as it is sent, headers beside host and x-amz-date, body, signed headers, signature)."""

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SUITE = {"access_key": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "date": "20150830T123600Z", "region": "us-east-1",
         "host": "example.amazonaws.com"}
S3 = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "date": "20130524T000000Z", "region": "us-east-1",
      "host": "examplebucket.s3.amazonaws.com"}
IAM = {**SUITE, "host": "iam.amazonaws.com"}
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
UTF8_FORM = [("Content-Type", "application/x-www-form-urlencoded; charset=utf8")]
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

VECTORS = [
    (SUITE, "get-vanilla", "service", "GET", "/", [], b"", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (SUITE, "get-vanilla-query-order-key-case", "service", "GET", "/?Param2=value2&Param1=value1", [], b"", "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    (SUITE, "get-vanilla-empty-query-key", "service", "GET", "/?Param1=value1", [], b"", "host;x-amz-date",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
    (SUITE, "get-vanilla-query-unreserved", "service", "GET", f"/?{UNRESERVED}={UNRESERVED}", [], b"", "host;x-amz-date",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    (SUITE, "get-vanilla-utf8-query", "service", "GET", "/?%E1%88%B4=bar", [], b"", "host;x-amz-date",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    (SUITE, "get-unreserved", "service", "GET", "/" + UNRESERVED, [], b"", "host;x-amz-date",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    (SUITE, "get-utf8", "service", "GET", "/\u1234", [], b"", "host;x-amz-date", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    (SUITE, "get-space", "service", "GET", "/example space/", [], b"", "host;x-amz-date",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    (SUITE, "get-slash", "service", "GET", "//", [], b"", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (SUITE, "get-slashes", "service", "GET", "//example//", [], b"", "host;x-amz-date", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    (SUITE, "get-slash-dot-slash", "service", "GET", "/./", [], b"", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (SUITE, "get-slash-pointless-dot", "service", "GET", "/./example", [], b"", "host;x-amz-date",
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
    (SUITE, "get-relative", "service", "GET", "/example/..", [], b"", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (SUITE, "get-relative-relative", "service", "GET", "/example1/example2/../..", [], b"", "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (SUITE, "get-header-key-duplicate", "service", "GET", "/", [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")], b"",
     "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
    (SUITE, "get-header-value-order", "service", "GET", "/", [("My-Header1", v) for v in ("value4", "value1", "value3", "value2")], b"",
     "host;my-header1;x-amz-date", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
    (SUITE, "get-header-value-trim", "service", "GET", "/", [("My-Header1", " value1"), ("My-Header2", ' "a   b   c"')], b"",
     "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    (SUITE, "post-vanilla", "service", "POST", "/", [], b"", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (SUITE, "post-vanilla-query", "service", "POST", "/?Param1=value1", [], b"", "host;x-amz-date",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    (SUITE, "post-header-key-sort", "service", "POST", "/", [("My-Header1", "value1")], b"", "host;my-header1;x-amz-date",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    (SUITE, "post-header-value-case", "service", "POST", "/", [("My-Header1", "VALUE1")], b"", "host;my-header1;x-amz-date",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    (SUITE, "post-x-www-form-urlencoded", "service", "POST", "/", FORM, b"Param1=value1", "content-type;host;x-amz-date",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    (SUITE, "post-x-www-form-urlencoded-parameters", "service", "POST", "/", UTF8_FORM, b"Param1=value1", "content-type;host;x-amz-date",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
    (IAM, "iam-list-users", "iam", "GET", "/?Action=ListUsers&Version=2010-05-08", [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")], b"",
     "content-type;host;x-amz-date", "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"),
    (S3, "s3-get-object", "s3", "GET", "/test.txt", [("Range", "bytes=0-9"), ("x-amz-content-sha256", EMPTY)], b"",
     "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    (S3, "s3-put-object", "s3", "PUT", "/test%24file.text",
     [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
      ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")], b"Welcome to Amazon S3.",
     "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    (S3, "s3-get-bucket-lifecycle", "s3", "GET", "/?lifecycle", [("x-amz-content-sha256", EMPTY)], b"", "host;x-amz-content-sha256;x-amz-date",
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    (S3, "s3-list-objects", "s3", "GET", "/?max-keys=2&prefix=J", [("x-amz-content-sha256", EMPTY)], b"", "host;x-amz-content-sha256;x-amz-date",
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
]
