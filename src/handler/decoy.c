/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An identity whose private keys were thrown away when it was made, once, for this file. */
#include "handler/decoy.h"

#include "base/banned.h"

const char decoy_identity[] =
    "secmsg-identity-1\n"
    "user: nobody\n"
    "sign: 6cTPcpXVPArA4Et4yd7h8j_jurI3cTAM-czmf2OER4CyA_VFEKnmwXSZYLL_TcPDqQfK6v0oSxi2z7"
    "8h723WeO5pqPZifYO8HQnBwmClZTy-wGgPA6FsbKM9PJGougwUKyqGhZHptKNdMWt2O3ewIJcxwQRFZ6PjQA"
    "NGlILr5QiE4nqJ0G6iSQ4w-8yHEDqOPkLrw3ozBUsv4d8-oXMLmLNOz810iQ7AS1j3aTWaXtR-RePThyY2B3"
    "gHWHx6Tr7af9eHui558IocGupqL3rdPO5a5T7Xk6-BvZLpxHWO68CxVwQkPIp0x21uBRZSebjJY5bGtO-uAB"
    "ibEWNRNpITUnqpcEMZoiBqjWhu2hKz6FZgIqQOipeuNcnim8pjWiULhsZpV3fiepiZ9XasE5l3VRBHNKbtkM"
    "z6-1Ao7n3pqsPYxvIeXmffxtZxXFL5forEZmmk0-u3IUG6jIR-bfu1spNf27yxLJ4Tc_gafvYuZqGPTf7HKI"
    "GzI7Q2rmi9Wr2R\n"
    "seal: mh79sTdd8Y2HF3zP77T8bKVkuzq4NcZOe2VHYvPsWFpM6qEQUyBYJ9xfmiODUItWSvCfL09a7h9AqW"
    "KkVgGprZDu0jxySzt_yWYi0S6DQKJBZWy3zj63ShvM-oAtnJ_WStN3sKmfM3V_AyzcslbZK1D373ZZzWN32x"
    "wTJKIx4ysD4lC7oA13qOib5ZvcuvmbKDZCD5bGaqejjgRm1rRIJK1H7FNCc9KIoa14kB-18uugM5fOU3IPTR"
    "KSSqiNRIfoOHq4tJ_JxQzjC_h4O3Qh2gRo2NiA-9cZeHZC6xHxjBYyV7qecKAbnYGQ5_UBAEn_2Ijb7lGaW0"
    "j_EOYEY9jb4RqZL-Fqv0utq75mSm7-WUrdMteeFFNBTHxb1kXx507pp3ttjeCuZ5RGWHToR6o4EuHnsZkEwH"
    "DBI6pjc95D4FVNggOzY6V8IOhEMP84XeEoDl91IAU83ylYlaKVt5HWmmaUmvZHv-3lwVxPRtj7ttLrNVAfAc"
    "dXEfYX6zj32067\n"
    "signature: 1T6srGdlEgy931KI6YWLxyhBNEdveU0zzJFlIUFDLE4R5uqeppQZKPdvHXtsWak2nOi5jgWx4"
    "z2cqFoCyA-yTcDn5VQJi5_Qa_MIC1aiXzZZPd38OSrjxEHf3mM7zgKo0vQ9_SLCexA2YH-x-YBqg_vgojKBF"
    "nbulqCAGMOk_xSZJgKRQCloKXSq_hkUnAX260HfK_wi9Er2B8x-fVKnHttwgbUYNPiEyLH1y-uvOOp-e0gFX"
    "3ffgfcqBdNIYaQuwOE-R6EXXJX5sMhdgbKC0xUUV-yAGMKV87ZwX-LPDG2E1vGqW1S8lPZXGKdnV56DspKDm"
    "BuZ7Q3FKYlichVRI_uKO72iAoZYFrnfLrvd3e0hGqcNL9YRu_b6NQ76lAe4fmHNx_J3bWOoW7Uhl9We4gzNh"
    "jSEe8_Qn6gK9mmzOr3vw-2jzUbusVB6JasyaX0fR7bdKUjtkpJqFgCoI-E01mG1gkrgm7BNqB5WLqgIjG08P"
    "60OEzORl0p0kjE9UFNR\n";
