// Written by `make generate` from functions/web/assets; change it there.
handsel.define("wrapping_zh.js", [], async () => {
const themes = {
  red: "红色",
  blue: "蓝色",
  kraft: "牛皮纸",
};

const covers = {
  "red-classic": "经典红",
  "red-birthday": "生日快乐",
  "red-thanks": "谢谢你",
  "red-wedding": "囍",
  "red-koi": "锦鲤好运",
  "red-cranes": "恭喜",
  "red-lunar-new-year": "新春",
  "red-mid-autumn": "中秋",
  "red-winter": "冬日小镇",
  "blue-classic": "经典蓝",
  "blue-sails": "一帆风顺",
  "blue-peacock": "孔雀翎",
  "blue-whale": "鲸",
  "blue-qixi": "鹊桥相会",
  "parcel-ribbon": "缎带",
  "parcel-kraft": "牛皮纸",
  "parcel-stars": "星空",
  "parcel-botanical": "草木",
  "parcel-tea-house": "茶馆",
  "parcel-porcelain": "青花",
  "parcel-lunar-new-year": "新春",
  "parcel-spring": "春天",
  "parcel-winter": "冬日花环",
};

const blessings = {
  "best-wishes": "祝你一切都好！",
  "happy-birthday": "生日快乐！",
  "thank-you": "谢谢你为我做的一切。",
  enjoy: "一点小心意，请收下！",
  congratulations: "恭喜恭喜，你做到了！",
  "good-luck": "愿好运常伴你左右。",
  "two-hearts": "百年好合，永结同心。",
  "thinking-of-you": "今天想你，天天想你。",
  "lunar-new-year": "新春快乐，心想事成！",
  "mid-autumn": "海上生明月，天涯共此时。中秋快乐！",
  "new-year": "元旦快乐！",
  "warm-winter": "天冷了，喝杯热茶，暖暖身子。",
  spring: "春天来了，出去走走吧！",
};
return { themes, covers, blessings };
});
